"""A training loop that needn't be written, for those who want one: `Trainer`, and callbacks around its steps.

Nothing else imports this module: `from tinygrad_lab import training`.
"""

from .callbacks import BestWeights, Callback, Checkpoint, EarlyStopping, Schedule
from .history import History
from .logs import CSVLog, Curves, JSONLog, Progress, TensorBoard
from .trainer import Trainer, accuracy

__all__ = [
    "Trainer",
    "History",
    "accuracy",
    "Callback",
    "Schedule",
    "EarlyStopping",
    "BestWeights",
    "Checkpoint",
    "Progress",
    "CSVLog",
    "JSONLog",
    "TensorBoard",
    "Curves",
]
