"""The private skorch net: one batch of all frames, every term of the loss in its history, stages told as they pass."""

from copy import deepcopy

from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping, LRScheduler, PassthroughScoring
from skorch.dataset import Dataset
from torch.nn import MSELoss
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR


class _Finished(KeyboardInterrupt):
    """Training ends early because it is done: skorch's own way to stop, told from the user's Ctrl-C."""


class AllFrames(Dataset):
    """Features and targets of all frames as one batch, which the iterator below hands out as it is."""

    def __init__(self, X, y):
        super().__init__(X, y, length=len(y))


class RecordingNet(NeuralNet):
    """skorch net whose only batch is the whole data set."""

    def get_iterator(self, dataset, training=False):
        # The default loader collects the batch frame by frame in Python, which takes longer than the training step.
        return [(dataset.X, dataset.y)]

    def fit_loop(self, *args, **kwargs):
        """skorch's, which passes over interrupts in silence: here they are remembered."""
        self.interrupted_ = False
        try:
            super().fit_loop(*args, **kwargs)
        except _Finished:
            pass
        except KeyboardInterrupt:
            self.interrupted_ = True
        return self


class _EarlyStopping(EarlyStopping):
    """skorch's, but what an epoch records is the loss of the weights that it began with: keep those."""

    def on_epoch_begin(self, net, **kwargs):
        self.weights_before_ = deepcopy(net.module_.state_dict())

    def on_epoch_end(self, net, **kwargs):
        try:
            super().on_epoch_end(net, **kwargs)
        except KeyboardInterrupt:
            raise (_Finished if self.misses_ >= self.patience else KeyboardInterrupt) from None
        if self.misses_ == 0 and self.load_best:
            self.best_model_weights_ = self.weights_before_

    def on_train_end(self, net, **kwargs):
        if self.load_best and self.best_model_weights_ is not None:
            net.module_.load_state_dict(self.best_model_weights_)


class _Reporting(Callback):
    """Every term of the criterion comes into the history, and the progress is told of every epoch."""

    def __init__(self, progress, terms, snapshot):
        self.progress, self.terms, self.snapshot = progress, terms, snapshot

    def on_batch_end(self, net, **kwargs):
        for name, value in net.criterion_.terms.items():
            net.history.record_batch(name, value)

    def on_epoch_end(self, net, **kwargs):
        row = net.history[-1]
        values = {name: row[name] for name in ("train_loss", *self.terms)}
        if self.progress.step(values, lambda: self.snapshot(deepcopy(net.module_), net.history)):
            raise _Finished


class _ValidLoss(Callback):
    """The validation loss under the name that skorch's own callbacks watch."""

    def on_epoch_end(self, net, **kwargs):
        for end in ("", "_best"):
            net.history.record(f"valid_loss{end}", net.history[-1, f"validation_loss{end}"])


class _Own(Callback):
    """A user's callback: what it raises to stop the training is no interrupt by the user."""

    def __init__(self, callback):
        self.callback = callback

    def initialize(self):
        self.callback.initialize()
        return self


def _passed_on(name):
    def method(self, net, *args, **kwargs):
        try:
            return getattr(self.callback, name)(net, *args, **kwargs)
        except KeyboardInterrupt:  # skorch's way to stop
            raise _Finished from None

    return method


for _name in [name for name in dir(Callback) if name.startswith("on_")]:
    setattr(_Own, _name, _passed_on(_name))


def _pairs(callbacks):
    """Names and callbacks, of which a list may hold either."""
    return [pair if isinstance(pair, tuple) else (None, pair) for pair in callbacks]


def watches_validation(callbacks):
    """Whether any of a user's callbacks watches a loss on held-out trials."""
    return any("valid" in str(getattr(callback, "monitor", "")) for _, callback in _pairs(callbacks))


def _users(callbacks, taken):
    """A user's callbacks under names of their own, copied: a fit does not change an estimator's parameters."""
    named = []
    for name, callback in _pairs(callbacks):
        if isinstance(callback, type):
            callback = callback()
        if not isinstance(callback, Callback):
            raise ValueError(f"`callbacks` must be skorch callbacks, or pairs of a name and one. Got {callback!r}.")
        name = unused = name or type(callback).__name__
        number = 1
        while unused in taken:
            number += 1
            unused = f"{name}_{number}"
        taken.add(unused)
        named.append((unused, _Own(deepcopy(callback))))
    return named


def net_around(module, history):
    """A skorch net of a trained module, with the history of its training."""
    net = NeuralNet(module, criterion=MSELoss, optimizer=AdamW, train_split=None, batch_size=-1, verbose=0).initialize()
    net.history = history
    return net


def callbacks_of(terms, settings, validate, snapshot):
    """Callbacks of one training: schedule, progress and, to stop early, the validation loss."""
    callbacks = [(name, PassthroughScoring(name, on_train=True)) for name in terms]
    # Up and down again within the epochs (Smith and Topin 2019, arXiv 1708.07120): a constant rate left 5 to 10 %
    # more error on recorded knees.
    if not any(isinstance(callback, LRScheduler) for _, callback in _pairs(settings.callbacks)):
        schedule = LRScheduler(OneCycleLR, max_lr=settings.lr, total_steps=settings.max_epochs + 1)
        callbacks.append(("learning_rate", schedule))
    callbacks.append(("progress", _Reporting(settings.progress, terms, snapshot)))
    if validate and settings.early_stopping:
        stopping = _EarlyStopping(
            "validation_loss", patience=settings.n_iter_no_change, threshold=settings.tol, threshold_mode="abs",
            load_best=True,
        )  # fmt: skip
        callbacks.append(("early_stopping", stopping))
    if settings.callbacks:
        if validate:  # under the name that skorch's callbacks watch
            callbacks.append(("held_out_loss", _ValidLoss()))
        callbacks += _users(settings.callbacks, {name for name, _ in callbacks})
    return callbacks
