"""Which of the processes that train one model this one is, as its surroundings tell."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from seq2seq.errors import InputError

PORT = "SEQ2SEQ_PORT"  # names, under Slurm, the port of the first task of a node; the next ones take those after it
# Else it follows from the number of the job: so many apart, below those that Linux gives to whoever asks for any.
_FIRST_PORT, _PORTS_APART, _LAST_PORT = 10240, 32, 32767
BY_OPTION = "--workers"  # the origin of the places of processes that this option has started


@dataclass(frozen=True)
class Place:
    """The place of a process among the workers of a training.

    Attributes:
        index: int. Its number, counted from 0; worker 0 is the chief, the only one that writes.
        addresses: `"host:port"` of every worker, this one's among them.
        origin: str. What said so.
    """

    index: int = 0
    addresses: tuple[str, ...] = ("",)
    origin: str = ""

    @property
    def count(self) -> int:
        """Number of workers."""
        return len(self.addresses)

    @property
    def is_chief(self) -> bool:
        """Whether this is the worker that writes."""
        return self.index == 0

    @property
    def on_its_machine(self) -> tuple[int, int]:
        """The number of this worker among those of its machine, counted from 0, and how many these are."""
        hosts = [address.rpartition(":")[0] for address in self.addresses]
        return hosts[: self.index].count(hosts[self.index]), hosts.count(hosts[self.index])


ALONE = Place()


def find_place(environment: Mapping[str, str] = os.environ) -> Place:
    """The place of this process: by `TF_CONFIG`, or as one of several tasks that `srun` of Slurm has started.

    `TF_CONFIG` is the JSON that TensorFlow's strategies read, `{"cluster": {"worker": ["host:port", …]}, "task":
    {"type": "worker", "index": 0}}`; a `"chief"` there is worker 0.

    Raises:
        InputError: they cannot be read, or name no place.
    """
    if "TF_CONFIG" in environment:
        return _of_tf_config(environment["TF_CONFIG"])
    # A batch script of Slurm has no step of several tasks, and neither has a shell in an allocation.
    if int(environment.get("SLURM_STEP_NUM_TASKS", 1)) > 1:
        return _of_slurm(environment)
    return ALONE


def tf_config(index: int, addresses: tuple[str, ...], origin: str | None = None) -> str:
    """The `TF_CONFIG` of a worker; `origin` is kept in it, for whoever reads it to say what started that worker."""
    told = {"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": index}}
    return json.dumps(told if origin is None else told | {"origin": origin})


def _of_tf_config(text):
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        kinds = [kind for kind in ("chief", "worker") if kind in cluster]
        addresses = tuple(str(address) for kind in kinds for address in cluster[kind])
        index = int(task["index"]) + (len(cluster.get("chief", ())) if task["type"] == "worker" else 0)
        if task["type"] not in kinds or not 0 <= index < len(addresses):
            raise ValueError(f"there is no {task['type']} {task['index']}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"TF_CONFIG={text!r} names no worker of a cluster ({error!r}): expected "
            f"{tf_config(0, ('host:port', 'host:port'))}."
        ) from error
    if len(addresses) == 1:
        return ALONE
    return _checked(Place(index, addresses, str(config.get("origin", "TF_CONFIG"))))


def _checked(place):
    """`place`, each address of which is one that can be listened at."""
    for index, address in enumerate(place.addresses):
        host, _, port = address.rpartition(":")
        if not host or not _is_port(port):
            raise InputError(
                f"worker {index} has the address {address!r}, by {place.origin}: expected host:port with a port of 1 "
                f"to 65535, such as node1:{_FIRST_PORT}."
            )
    return place


def _is_port(text):
    return text.isascii() and text.isdigit() and 0 < int(text) < 2**16


def _of_slurm(environment):
    import tensorflow as tf

    tasks = int(environment["SLURM_STEP_NUM_TASKS"])
    port = _port_of_slurm(environment)
    # The GPU of each is chosen by `on_its_machine`. The resolver is not to look for any, and divides by their number.
    resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
        port_base=port, gpus_per_node=tasks, gpus_per_task=1, auto_set_gpu=False
    )
    addresses = tuple(resolver.cluster_spec().as_dict()["worker"])
    # Its order is that of the names of the nodes, which need not be that of Slurm's numbers of tasks.
    own = f"{environment['SLURMD_NODENAME']}:{port + int(environment['SLURM_LOCALID'])}"
    return _checked(Place(addresses.index(own), addresses, "Slurm"))


def _port_of_slurm(environment):
    """The port of the first task of each node: one for all tasks of a step, another for another job or step."""
    given = environment.get(PORT)
    if given is None:
        number = int(environment.get("SLURM_JOB_ID", 0)) + 101 * int(environment.get("SLURM_STEP_ID", 0))
        return _FIRST_PORT + number * _PORTS_APART % (_LAST_PORT + 1 - _FIRST_PORT)
    if not _is_port(given):
        raise InputError(f"{PORT}={given}: expected the number of a port, such as {_FIRST_PORT}.")
    return int(given)
