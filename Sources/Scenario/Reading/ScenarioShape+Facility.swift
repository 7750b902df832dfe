import Catalog

/// Keys of rooms, racks and power.
extension ScenarioShape {
  static let facility = [
    Key("rack", .named(.racks), "A usual kind of rack; what is written beside it goes first."),
    Key("rack-power", .quantity(.power, atMost: "10MW"), "What a rack gives its machines."),
    Key(
      "rack-units", .integer(1...100), "Height of a rack in units of 44.45 mm.",
      fallback: "42 where `rack-power` is given"),
    Key("rack-weight", .quantity(.mass, atMost: "100t"), "What a rack carries.", fallback: "no limit"),
    Key(
      "rack-price", .quantity(.moneyPerMonth, atMost: "1000000 USD/month"), "Rent of a rack.",
      fallback: "0 USD/month"),
    Key("cooling", .choice(Cooling.allCases.map(\.rawValue)), "What carries the heat away."),
    Key(
      "power-limit", .quantity(.power, atMost: "100GW"),
      "Of the whole site at the meter, cooling included."),
    Key(
      "on-exceed", .choice(["refuse", "cap"]),
      "What comes of machines that would draw more: an error, or a power cap on all accelerators.",
      fallback: "refuse"),
  ]

  static let powerCap = Key(
    "power-cap", .quantity(.power, atMost: "100kW"),
    "Of each accelerator; it runs slower under it: `catalog hosts power-cap`.",
    fallback: "its thermal design power")

  static let embodiedCarbon = Key(
    "embodied-carbon", .quantity(.mass, atMost: "10000t"),
    "CO2 equivalent of making one of its nodes, spread over their life.",
    fallback: "accelerators of the catalogue and `catalog hosts generic`, else unknown")

  /// Of a node that is written out.
  static let housing = [
    Key(
      "power", .quantity(.power, atMost: "1MW"), "Draw at full load.",
      fallback: "from its accelerators' by `catalog hosts generic`"),
    Key(
      "idle-power", .quantity(.power, atMost: "1MW"), "Draw with nothing running.",
      fallback: "a share of the full draw by `catalog hosts generic`"),
    Key("rack-units", .integer(1...100), "Height in rack units.", fallback: "unknown: not counted"),
    Key("weight", .quantity(.mass, atMost: "10t"), "Mass.", fallback: "unknown: not counted"),
    Key(
      "cooling", .choice(Cooling.allCases.map(\.rawValue)), "What it must be cooled with.",
      fallback: "either"),
  ]

  static let hourly = [
    Key(
      "carbon",
      .either([
        .quantity(.carbonIntensity, atMost: "10000 g/kWh"),
        .object([
          Key("grid", .named(.grids), "Mean of a country's electricity."),
          Key(
            "profile", .list(.quantity(.carbonIntensity, atMost: "10000 g/kWh")),
            "One for each hour of the day, from midnight."),
          Key(
            "file", .text,
            "One number of g/kWh a line from midnight on, of whole days; each hour of the day takes its mean."
          ),
        ]),
      ]), "Emissions of its electricity.", fallback: "unknown"),
    Key(
      "electricity-by-hour", .list(.quantity(.moneyPerKilowattHour, atMost: "1000 USD/kWh")),
      "Price of energy at each hour of the day from midnight, instead of `electricity`."),
    Key("starts", .text, "Local time at the start of the run, such as 22:00.", fallback: "00:00"),
  ]
}
