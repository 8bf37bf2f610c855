"""`python -m dinoq` does what the `dinoq` command does."""

from dinoq.cli.main import main

if __name__ == "__main__":
    main()
