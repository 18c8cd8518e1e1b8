from analyzer.log_stream.lines import Numbers

FORM: int
WAYS: int

class Table:
    def __init__(self, seed: int) -> None: ...
    def __len__(self) -> int: ...
    def set(self, key: int, value: int) -> None: ...
    def set_all(self, keys: Numbers, values: Numbers, most: int) -> None: ...
    def clear(self) -> None: ...

class Texts:
    def __init__(self, texts: list[bytes]) -> None: ...
    def find(self, line: bytes) -> bytes | None: ...

class Likes:
    def __init__(self, seed: int, texts: Texts) -> None: ...
    def set(self, bare: bytes, number: int, known: bytes) -> None: ...
    def find(self, data: bytes, starts: Numbers, ends: Numbers, found: Numbers, bare: Numbers) -> int: ...

def lines(
    seed: int,
    data: bytes | memoryview,
    end: int,
    starts: Numbers | memoryview,
    ends: Numbers | memoryview,
    number: Numbers | memoryview,
    way: int = ...,
) -> tuple[int, bool]: ...
def look_up(table: Table, number: Numbers, found: Numbers, places: Numbers) -> int: ...
def distinct(seed: int, numbers: Numbers, first: Numbers, which: Numbers) -> int: ...
def count(group: Numbers, part: int, total: Numbers, last_part: Numbers, last_place: Numbers) -> list[int]: ...
def groups(
    table: Table,
    data: bytes,
    starts: Numbers,
    ends: Numbers,
    shape: Numbers,
    group: Numbers,
    word: Numbers,
    number: Numbers,
    follow: Numbers,
    pid_at: Numbers,
    begin: Numbers,
    end: Numbers,
    expected: Numbers,
    usual: Numbers,
    special: Numbers,
    rules_at: Numbers,
    rules_count: Numbers,
    rules: bytes,
    places: Numbers,
    time_at: Numbers,
    level: Numbers,
    counts: Numbers,
    month: int,
    counted: int,
    heads: Numbers | None,
) -> tuple[int, int]: ...
def bare(line: bytes) -> bytes: ...
def minutes(
    data: bytes,
    starts: Numbers,
    shape: Numbers,
    time_at: Numbers,
    level: Numbers,
    counts: Numbers,
    first: int,
    month: int,
) -> int: ...
