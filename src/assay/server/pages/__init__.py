"""The console: pages of people, a subject a file. Each shows what is there and decides nothing."""
