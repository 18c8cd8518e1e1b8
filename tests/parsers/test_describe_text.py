import time

from hypothesis import given
from hypothesis import strategies as st

from parsers.describe_text import annotations_of, labels_of, order_of, pairs, sections, split_objects

POD = """\
Name:         a
Namespace:    calico-system
Labels:       k8s-app=calico-node
              empty=
Annotations:  note:
                line one
                Events:
              odd: a: b  c
              plain:
Status:       Running
IP:           10.0.0.1
Containers:
  c:
    State:          Terminated
      Reason:       Error
      Message:      panic: oh

Name:         fake
Namespace:    fake
Events:       <none>
      Exit Code:    2
      Started:      Thu, 07 Oct 2021 00:34:33 -0500
      Finished:     Thu, 07 Oct 2021 00:34:34 -0500
    Ready:          False
    Readiness:      exec [sh -c a
Conditions:
] delay=0s timeout=1s period=10s #success=1 #failure=3
Conditions:
  Type   Status
  Ready  False
Tolerations:  :NoSchedule op=Exists
              dedicated=edge:NoExecute
Events:       <none>
"""
NODE = "Name:    n\nRoles:   <none>\nLabels:  a=b\nEvents:  <none>\n"


def test_objects_behind_two_blank_lines() -> None:
    objects, before = split_objects(f"{POD}\n\n{NODE}\n\n{POD}", 11)
    assert [item.lines[0].split()[1] for item in objects] == ["a", "n", "a"]
    assert [item.first_line for item in objects] == [11, 11 + POD.count("\n") + 2, 11 + POD.count("\n") + 2 + 4 + 2]
    assert before == []


def test_objects_of_files_put_together_without_blank_lines() -> None:
    objects, _ = split_objects(NODE + POD + NODE, 1)
    assert [item.lines[0].split()[1] for item in objects] == ["n", "a", "n"]


def test_lines_before_and_behind() -> None:
    text = f"W0101 deprecated\n$ kubectl describe node n\n{NODE}$ kubectl get pods\nNAME   READY   STATUS\na      1/1     Running\n"
    objects, before = split_objects(text, 1)
    assert before == ["W0101 deprecated", "$ kubectl describe node n"]
    assert objects[0].lines == NODE.rstrip("\n").split("\n")


def test_pasted_with_an_indentation() -> None:
    indented = "\n".join("    " + line if line else line for line in POD.split("\n"))
    objects, _ = split_objects(indented, 1)
    assert "\n".join(objects[0].lines) == POD.rstrip("\n")


def test_free_text_of_containers_holds_no_sections() -> None:
    item = split_objects(POD, 1)[0][0]
    order = order_of(
        "Name", "Labels", "Annotations", "Status", "IP", "Containers", "Conditions", "Tolerations", "Events"
    )
    found = {section.key: section for section in sections(item, order)}
    assert item.lines[found["Conditions"].start + 2].split() == ["Ready", "False"]
    assert found["Events"].start == len(item.lines) - 1
    assert found["Name"].value == "a"
    assert labels_of(item.lines, found["Labels"]) == {"k8s-app": "calico-node", "empty": ""}
    assert annotations_of(item.lines, found["Annotations"]) == {
        "note": "line one\nEvents:",
        "odd": "a: b  c",
        "plain": "",
    }
    assert pairs(item.lines, found["Tolerations"]) == [":NoSchedule op=Exists", "dedicated=edge:NoExecute"]


def test_text_without_an_object() -> None:
    assert split_objects("nothing here\n", 1) == ([], ["nothing here", ""])
    assert split_objects("", 1) == ([], [""])


@given(st.integers(0, len(POD)), st.text(alphabet="Name: \nEvts", max_size=40))
def test_any_cut_and_any_junk_is_split_without_an_error(cut: int, junk: str) -> None:
    objects, before = split_objects(junk + POD[cut:] + "\n\n" + POD[:cut], 1)
    assert sum(len(item.lines) for item in objects) + len(before) <= (junk + POD + "\n\n").count("\n") + 1


def test_cost_grows_with_the_length_only() -> None:
    def seconds(count: int) -> float:
        lines = ["Name:         x", "Namespace:    y", "    State:          Terminated", "      Message:      m"]
        lines += [
            " " * 2000 + "x",
            "NAME  " + "AAAA  " * 300,
            "      Exit Code:    1",
            "    Liveness:  exec [" + " " * 2000,
        ]
        text = "\n".join(lines * count)
        start = time.perf_counter()
        split_objects(text, 1)
        return time.perf_counter() - start

    seconds(10)
    assert seconds(1600) < 60 * seconds(100) + 1
