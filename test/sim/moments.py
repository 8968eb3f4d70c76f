# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random moments of a command at which it is killed."""
import time


class Moments:
    """Learns how long the command takes when nobody kills it: three of five
    moments fall into it, on a quick machine and on a slow one."""

    def __init__(self, rng, kills):
        """RNG draws them; KILLS are wanted."""
        self.rng, self.kills, self.hit, self.seconds = rng, kills, 0, 1.0

    def wait(self):
        """Till one of them; the command has just begun."""
        time.sleep(self.rng.uniform(0, self.seconds))

    def ended(self, hit):
        """The command was hit, or had come to its end."""
        self.hit += hit
        self.seconds *= 1.15 if hit else 0.8

    def tries(self):
        """So often at most; until so many were hit."""
        for i in range(6 * self.kills):
            if self.hit == self.kills:
                break
            yield i
        assert self.hit == self.kills, (self.hit, self.seconds)
