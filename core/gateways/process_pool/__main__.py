"""`python -m core.gateways.process_pool BYTES`: one worker process that may use so much memory."""

import sys

from core.gateways.process_pool.child import main

main(int(sys.argv[1]))
