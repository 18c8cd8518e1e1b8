"""What the lines of a shape are, as bits: asked of many lines at once."""

from __future__ import annotations

from parsers.log_shape import LineShape

#: see :class:`parsers.log_shape.LineShape`; OF_CONTAINER: only one container of a pod writes such lines
LOOSE, PARTIAL, TIMED, COUNTED, CHANGE, RESTART, FOREIGN, OF_CONTAINER = (1 << bit for bit in range(8))
#: containers of one pod whose logs somebody may have put into one file
OF_ONE_POD = ("calico-node", "install-cni", "calico-extension", "flexvol-driver", "mount-bpffs", "upgrade-ipam")


def marks_of(shape: LineShape) -> int:
    """Give the bits that hold for all lines of a shape."""
    return (
        LOOSE * shape.loose
        | PARTIAL * shape.partial
        | TIMED * shape.timed
        | COUNTED * shape.counted
        | CHANGE * shape.change
        | RESTART * shape.restart
        | FOREIGN * shape.foreign
        | OF_CONTAINER * (shape.container in OF_ONE_POD)
    )
