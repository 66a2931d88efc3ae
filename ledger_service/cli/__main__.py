"""`python -m ledger_service.cli`: the command line without the installed script."""

from __future__ import annotations

import sys

from ledger_service.cli.main import main

sys.exit(main())
