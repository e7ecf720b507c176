"""Where a process learns which of the workers it is."""

import json

import pytest

from seq2seq.errors import InputError
from seq2seq.workers import ALONE, find_place, tf_config

SLURM = {
    "SLURM_STEP_NUM_TASKS": "3",
    "SLURM_STEP_NODELIST": "node[9-10]",
    "SLURM_STEP_TASKS_PER_NODE": "2,1",
    "SLURM_PROCID": "1",
    "SLURMD_NODENAME": "node9",
    "SLURM_LOCALID": "1",
}


def test_a_process_is_alone_where_nothing_says_otherwise():
    assert find_place({}) is ALONE and ALONE.is_chief
    assert find_place({"TF_CONFIG": tf_config(0, ("host:1",))}) is ALONE
    assert find_place({"SLURM_PROCID": "0", "SLURM_NTASKS": "4"}) is ALONE  # a batch script


def test_tf_config_says_it():
    place = find_place({"TF_CONFIG": tf_config(2, ("a:1", "b:1", "b:2"))})
    assert (place.index, place.count, place.is_chief, place.on_its_machine) == (2, 3, False, (1, 2))
    cluster = {"chief": ["a:1"], "worker": ["b:1", "b:2"]}
    places = [
        find_place({"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})})
        for kind, index in (("chief", 0), ("worker", 0), ("worker", 1))
    ]
    assert [place.index for place in places] == [0, 1, 2]
    assert all(place.addresses == ("a:1", "b:1", "b:2") for place in places)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cluster": {}, "task": {}}', tf_config(3, ("a:1", "b:1"))])
def test_a_tf_config_that_names_no_worker_is_refused(text):
    with pytest.raises(InputError, match="TF_CONFIG"):
        find_place({"TF_CONFIG": text})


@pytest.mark.parametrize("address", ["localhost", "b:", ":1", "b:0", "b:99999", "b:-1", "b:x"])
@pytest.mark.parametrize("index", [0, 1])
def test_an_address_that_nobody_can_listen_at_is_refused(address, index):
    with pytest.raises(InputError, match=f"worker 1 has the address '{address}', by TF_CONFIG: expected host:port"):
        find_place({"TF_CONFIG": tf_config(index, ("a:1", address))})


def ports_of(**environment):
    environment = SLURM | environment
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        place = find_place(environment)
    return [int(address.rpartition(":")[2]) for address in place.addresses]


def test_jobs_and_steps_of_slurm_have_ports_of_their_own():
    taken = [ports_of(SLURM_JOB_ID=str(job), SLURM_STEP_ID=str(step)) for job in (70001, 70002) for step in (0, 1)]
    assert len({min(ports) // 32 for ports in taken}) == 4
    assert all(10240 <= port <= 32767 for ports in taken for port in ports)
    assert all(max(ports) == min(ports) + 1 for ports in taken)  # two tasks of a node


def test_the_port_under_slurm_can_be_named():
    assert sorted(ports_of(SLURM_JOB_ID="7", SEQ2SEQ_PORT="23456")) == [23456, 23456, 23457]
    with pytest.raises(InputError, match="SEQ2SEQ_PORT=none: expected the number of a port"):
        ports_of(SEQ2SEQ_PORT="none")
    with pytest.raises(InputError, match="'node9:65536', by Slurm"):
        ports_of(SEQ2SEQ_PORT="65535")


def test_the_tasks_of_a_step_of_slurm_agree_on_who_they_are(monkeypatch):
    places = []
    for number, (node, local) in enumerate((("node9", 0), ("node9", 1), ("node10", 0))):
        environment = SLURM | {"SLURM_PROCID": str(number), "SLURMD_NODENAME": node, "SLURM_LOCALID": str(local)}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        places.append(find_place(environment))
    assert len({place.addresses for place in places}) == 1
    assert sorted(place.index for place in places) == [0, 1, 2]
    hosts = [place.addresses[place.index].split(":")[0] for place in places]
    assert hosts == ["node9", "node9", "node10"]
    assert [place.on_its_machine for place in places] == [(0, 2), (1, 2), (0, 1)]
