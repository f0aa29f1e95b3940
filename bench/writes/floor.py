"""`pgbench` doing the same without an engine: four rows and a commit."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = """
begin;
insert into transactions (app_id)
  values ('a1111111-1111-1111-1111-111111111ca7');
insert into triples
  (app_id, entity_id, attr_id, ea, av, ave, checked_data_type, sort_key, value)
select app, e, a, true, n = 0, n = 1, case when n = 1 then 'string' end,
  case when n = 1 then decode(md5(e::text), 'hex') end, to_jsonb(e)
from (select gen_random_uuid() as e, 'a1111111-1111-1111-1111-111111111ca7'::uuid as app) as made,
  (values (0, '00000000-0000-4000-8000-000000000000'::uuid),
          (1, '00000000-0000-4000-8000-000000000001'),
          (2, '00000000-0000-4000-8000-000000000002'),
          (3, '00000000-0000-4000-8000-000000000003')) as attr (n, a);
commit;
"""
_CLEAN_UP = """
delete from triples where app_id = 'a1111111-1111-1111-1111-111111111ca7';
delete from transactions where app_id = 'a1111111-1111-1111-1111-111111111ca7';
"""
_PLACES = ("/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/17/bin")


@dataclass(frozen=True, slots=True)
class Floor:
    """What pgbench says."""

    per_second: float
    mean_ms: float


def pgbench(database_url: str, connections: int, seconds: float) -> Floor:
    """Run it; what it stored, under the built-in app that has no entities, is removed."""
    program = shutil.which("pgbench") or next(
        str(found) for place in _PLACES if (found := Path(place, "pgbench")).exists()
    )
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(_SCRIPT)
        script.flush()
        command = [program, "-n", "-f", script.name, "-c", str(connections), "-j", "1"]
        command += ["-M", "prepared", "-T", str(max(1, round(seconds))), database_url]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    cleaning = [program.replace("pgbench", "psql"), "-q", "-c", _CLEAN_UP, database_url]
    subprocess.run(cleaning, capture_output=True, check=True)
    return Floor(_number(said, r"tps = ([\d.]+)"), _number(said, r"latency average = ([\d.]+)"))


def _number(text: str, pattern: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"pgbench said something else than {pattern}:\n{text}")
    return float(found[1])
