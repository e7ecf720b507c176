"""`python -m seq2seq`: the command of the distribution that is installed, `seq2seq` or `seq2seq-run`."""

from seq2seq.errors import is_runtime

if is_runtime():
    from seq2seq.cli.runtime import main
else:
    from seq2seq.cli import main

main()
