print("dryrack")
