"""TensorRT's loggers."""

from __future__ import annotations

import sys

from dinoq.workers.simulators.nvidia.trt_names import Named


class ILogger:
    """What TensorRT speaks to; a subclass has its own `log`."""

    class Severity(Named):
        """How bad a message is; the lower the worse."""

        INTERNAL_ERROR = 0
        ERROR = 1
        WARNING = 2
        INFO = 3
        VERBOSE = 4

    INTERNAL_ERROR = Severity.INTERNAL_ERROR
    ERROR = Severity.ERROR
    WARNING = Severity.WARNING
    INFO = Severity.INFO
    VERBOSE = Severity.VERBOSE

    def log(self, severity: Severity, msg: str) -> None:
        """Hear a message."""
        print('[ERROR] Exception caught in log(): Tried to call pure virtual function "ILogger::log"', file=sys.stderr)


class Logger(ILogger):
    """Writes to stderr what is at least as bad as `min_severity`."""

    def __init__(self, min_severity: ILogger.Severity = ILogger.Severity.WARNING) -> None:
        self.min_severity = min_severity

    def log(self, severity: ILogger.Severity, msg: str) -> None:
        """Write it."""
        if int(severity) <= int(self.min_severity):
            print("[TRT] [%s] %s" % (severity.name[0], msg), file=sys.stderr)


def check_logger(logger: object, what: str) -> ILogger:
    """As pybind11 does for an argument. Raises: TypeError."""
    if not isinstance(logger, ILogger):
        raise TypeError(
            "__init__(): incompatible constructor arguments. The following argument types are supported:\n"
            "    1. tensorrt.tensorrt.%s(logger: tensorrt.tensorrt.ILogger)\n\nInvoked with: %r" % (what, logger)
        )
    return logger
