"""Another try, for what may go better the next time, within one time-out for all tries."""

import random
import time

from segtf.serving.errors import ServingError

FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0


def with_retries(attempt, timeout, retries):
    """Call `attempt` until it succeeds, fails for good, or time or tries are used up.

    The waits between tries double, and each is cut by chance by up to a half, so that clients
    that failed together do not return together.

    Args:
        attempt: function of the seconds that are left.
        timeout: seconds for all tries together.
        retries: how often to try again.

    Raises:
        ServingError: that of the last try.
    """
    end = time.monotonic() + timeout
    count = 0
    while True:
        try:
            return attempt(end - time.monotonic())
        except ServingError as error:
            wait = min(FIRST_WAIT * 2**count, LONGEST_WAIT) * random.uniform(0.5, 1.0)
            is_last = count == retries or wait >= end - time.monotonic()
            if is_last or not error.may_retry:
                raise
        time.sleep(wait)
        count += 1
