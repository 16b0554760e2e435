"""Every estimator check of scikit-learn, without and with physics."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sk_bionic import EMGDrivenMomentRegressor, PhysicsInformedMSKRegressor

# The checks feed white noise as angles. Ten frames a second, because no joint with inertia follows
# white noise a hundred times a second, and check_regressors_train wants a good fit. Few epochs and
# free parameters, for speed.
FAST = {"sampling_rate": 10, "max_epochs": 60, "lr": 0.05, "hidden_layer_sizes": (16,)}
DEFAULT = PhysicsInformedMSKRegressor()
NETWORK = PhysicsInformedMSKRegressor(prediction="network", history=0.0, input_noise=0.0, **FAST)
IDENTIFY = ("moment_arm_scale", "joint_stiffness", "joint_damping")
HYBRID = PhysicsInformedMSKRegressor(
    history=0.1, identify=IDENTIFY, ode_weight=1e-3, n_networks=1, forest=False, **FAST
)

# With a sampling rate the rows are frames of one trial; these invariances contradict its physics.
TIME_AXIS = "removing or repeating a frame moves all later ones in time, weighting it does not"
MEMORY = "activation, velocity and inertia make an angle depend on the frames before it"
EXPECTED_FAILURES = {
    "network": {"check_sample_weight_equivalence_on_dense_data": TIME_AXIS},
    "hybrid": {
        "check_sample_weight_equivalence_on_dense_data": TIME_AXIS,
        "check_methods_sample_order_invariance": MEMORY,
        "check_methods_subset_invariance": MEMORY,
    },
}


def expected_failures(estimator):
    if isinstance(estimator, EMGDrivenMomentRegressor):
        return {}
    return {} if estimator.sampling_rate is None else EXPECTED_FAILURES[estimator.prediction]


@parametrize_with_checks(
    [DEFAULT, NETWORK, HYBRID, EMGDrivenMomentRegressor()], expected_failed_checks=expected_failures
)
def test_scikit_learn_estimator_checks(estimator, check):
    check(estimator)
