"""``python -m segtf`` is the command ``segtf``."""

from segtf.cli import main

if __name__ == "__main__":
    main()
