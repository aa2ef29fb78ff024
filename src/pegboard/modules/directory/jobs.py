"""Background work of the directory."""

from pegboard.kernel.jobs import Job
from pegboard.modules.directory.service.forgetting import FORGET_JOB, forget
from pegboard.modules.directory.service.imports import IMPORT_JOB, ImportOrder, run_import

# Thousands of passwords take their time: about 40 a second.
IMPORT = Job(name=IMPORT_JOB, run=run_import, payload=ImportOrder, max_attempts=3, timeout_s=2 * 3600)
FORGET = Job(name=FORGET_JOB, run=forget)

JOBS = (IMPORT, FORGET)
