"""The command `kpl`: one file for each noun, `kpl <noun> <verb>`."""
