"""Splitters that keep a trial, or a stretch of one, together, and scores of partly known angles.

Neighbouring frames are nearly equal, so a random split of frames puts almost every test frame into
the training part as well and reports an error that no new recording will ever show. Splits are
therefore by trial, by contiguous blocks of a trial with a gap between training and test, by
repetition of the movement, by load or by subject, according to what the model shall be used for.
"""

from sk_bionic.model_selection._blocks import (
    BlockedKFold,
    TrialOrBlockKFold,
    blocked_train_test_split,
)
from sk_bionic.model_selection._loads_and_subjects import (
    LeaveOneLoadOut,
    LeaveOneSubjectOut,
    subject_of_frames,
)
from sk_bionic.model_selection._repetition_folds import (
    RepetitionKFold,
    first_repetition_split,
)
from sk_bionic.model_selection._repetitions import find_repetitions
from sk_bionic.model_selection._scoring import where_known
from sk_bionic.model_selection._trials import TrialKFold

__all__ = [
    "BlockedKFold",
    "LeaveOneLoadOut",
    "LeaveOneSubjectOut",
    "RepetitionKFold",
    "TrialKFold",
    "TrialOrBlockKFold",
    "blocked_train_test_split",
    "find_repetitions",
    "first_repetition_split",
    "subject_of_frames",
    "where_known",
]
