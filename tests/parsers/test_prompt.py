import pytest

from parsers.prompt import is_command


@pytest.mark.parametrize(
    "line",
    [
        "$ kubectl get pods -A",
        "# oc get nodes",
        "[root@master ~]# kubectl describe pod x",
        "user@host:~/dir$ calicoctl node status",
        "> kubectl get nodes",
        "$ sudo microk8s kubectl get pods",
    ],
)
def test_commands(line: str) -> None:
    assert is_command(line)


@pytest.mark.parametrize(
    "line",
    ["kubectl get pods", "NAME   READY", "", "cost: 5$ and kubectl", "  Warning  BackOff  5m  kubelet  x", "$ ls -l"],
)
def test_no_commands(line: str) -> None:
    assert not is_command(line)


def test_long_lines_are_no_commands() -> None:
    assert not is_command("$ kubectl " + "x" * 10_000)
