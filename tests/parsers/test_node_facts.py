from parsers.node_facts import apply_labels
from parsers.rows import NodeRow


def node(labels: dict[str, str], **more: object) -> NodeRow:
    row = NodeRow(file="f", line=1, node="n", labels=labels, **more)  # type: ignore[arg-type]
    apply_labels(row)
    return row


def test_classic_worker() -> None:
    row = node(
        {
            "privateVLAN": "2218181",
            "publicVLAN": "2218179",
            "topology.kubernetes.io/zone": "dal12",
            "ibm-cloud.kubernetes.io/zone": "other",
            "ibm-cloud.kubernetes.io/worker-pool-name": "default",
            "ibm-cloud.kubernetes.io/worker-version": "1.29.1_1531",
        }
    )
    assert (row.private_vlan, row.public_vlan, row.zone, row.pool) == ("2218181", "2218179", "dal12", "default")
    assert (row.worker_version, row.subnet) == ("1.29.1_1531", "")


def test_vpc_worker_with_old_label_names() -> None:
    row = node(
        {"failure-domain.beta.kubernetes.io/zone": "us-south-1", "ibm-provider.kubernetes.io/subnet-id": "0717-a"}
    )
    assert (row.zone, row.subnet, row.private_vlan) == ("us-south-1", "0717-a", "")


def test_roles_come_from_labels_only_where_nothing_else_says_them() -> None:
    assert node({"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/master": ""}).roles == "master,worker"
    assert node({"node-role.kubernetes.io/worker": ""}, roles="edge").roles == "edge"


def test_calico_address() -> None:
    assert node({}, annotations={"projectcalico.org/IPv4Address": "10.1.2.3/26"}).calico_ip == "10.1.2.3/26"
