"""Train a run or measure one: what each command of these does, in its order."""
