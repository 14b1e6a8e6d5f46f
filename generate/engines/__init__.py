"""What generates text: one protocol, one module per engine, imported only when used."""
