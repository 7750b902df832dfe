// What a user of the library needs, under one name. Yams, GSL and the command stay behind their walls.
@_exported import Catalog
@_exported import Economics
@_exported import Experiments
@_exported import Infrastructure
@_exported import Kernel
@_exported import Quantities
@_exported import Reports
@_exported import Scenario
@_exported import Statistics
@_exported import Workloads
@_exported import World
