"""Where things stand in the arrays that compiled functions take.

A function that is handed many arrays compiles slowly and runs slowly, so that there are few, with named columns.
"""

from ..parameters import PASSIVE_PARAMETERS, SEGMENT_PARAMETERS

MUSCLE_PARAMETERS = (
    "max_isometric_force",
    "optimal_fiber_length",
    "tendon_slack_length",
    "pennation_angle_at_optimal",
    "max_contraction_velocity",
    "fiber_damping",
    "passive_fiber_strain_at_one_norm_force",
    "tendon_strain_at_one_norm_force",
    "moment_arm_scale",
    "electromechanical_delay",
    "activation_time_constant",
    "deactivation_time_constant",
    "emg_gain",
    "emg_shape_factor",
    "first_filter_time_constant",
    "second_filter_time_constant",
)
N_MUSCLE = len(MUSCLE_PARAMETERS)
# No parameter, but what derivatives may be asked for like one: activation at a trial's start beyond the steady state of
# its first EMG, of which the time before is not recorded.
SURPLUS = N_MUSCLE
(
    MAXIMAL_FORCE, FIBER_LENGTH, SLACK_LENGTH, PENNATION, FASTEST, DAMPING, PASSIVE_STRAIN, TENDON_STRAIN,
    ARM_SCALE, DELAY, RISE, DECAY, GAIN, SHAPE, FIRST_LAG, SECOND_LAG,
) = range(N_MUSCLE)  # fmt: skip
# Behind a muscle's parameters: strains at one norm force of its tabulated passive and tendon curves, stiffness that
# holds a slack tendon, the constant of the path's polynomial, constants of the curves, sine and cosine of the pennation
# angle at the optimal length, offset of De Groote and Fregly's passive curve and one over its span, one over the
# optimal length and over the maximal velocity [m/s], and what the activation shape needs.
OWN_PASSIVE_STRAIN, OWN_TENDON_STRAIN, SLACK_STIFFNESS, CONSTANT, CURVES = range(N_MUSCLE, N_MUSCLE + 5)
N_CURVES = 5
# made of the parameters, as the next
SINE, COSINE, PASSIVE_OFFSET, PASSIVE_SPAN, PER_LENGTH, PER_SPEED = range(CURVES + N_CURVES, CURVES + N_CURVES + 6)
READY, N_READY = PER_SPEED + 1, 11
PASSIVE_STEEPNESS, SHORTEST = 4.0, 0.2  # kPE, and OpenSim's smallest normalised fiber length: see `curves`
WIDTH_SCALE, HAS_PASSIVE = range(2)  # constants of De Groote and Fregly's curves
GAMMA, PASSIVE_SHAPE, HILL_SHAPE, LARGEST_FORCE, FASTEST_LENGTHENING = range(N_CURVES)  # of Thelen's curves

JOINT_PARAMETERS = (*SEGMENT_PARAMETERS, *PASSIVE_PARAMETERS, "goniometer_offset")
N_JOINT = len(JOINT_PARAMETERS)
(
    INERTIA, MASS, CENTER, ORIENTATION, LENGTH, LOAD_DISTANCE, STIFFNESS, REST_ANGLE, JOINT_DAMPING, CO_CONTRACTION,
    LOWER, UPPER, STOP, TRANSITION, OFFSET,
) = range(N_JOINT)  # fmt: skip
N_SEGMENT = 6  # parameters of a joint's segment; those behind are of the joint itself
IS_ROOT, IS_END, TORQUE_SCALE = range(N_JOINT, N_JOINT + 3)  # behind a joint's parameters

# Columns of the index of a muscle; behind them the first and the last row + 1 of each of its tables.
FAMILY, TENDON, SECOND_ORDER, LOGARITHMIC, FIRST_TERM, END_TERM, MUSCLE_OF_TENDON, TABLES = range(8)
ACTIVE, PASSIVE, VELOCITY, TENDON_CURVE = range(4)  # the tables of a muscle
KNOT, ORIGIN, POWERS = range(3)  # columns of a table: end of the piece, origin of its abscissa, coefficients
CARRIED, BEFORE, TURNS = range(3)  # of the links between segments

# Values and derivatives of a muscle's force and of its tendon's equilibrium: the value, then by length and lengthening
# velocity of the muscle-tendon unit, activation, the tendon's state and its rate, then by the muscle's own parameters.
VALUE, BY_LENGTH, BY_LENGTHENING, BY_ACTIVATION, BY_TENDON, BY_TENDON_RATE, OWN = range(7)
N_OWN = 8
WIDTH = OWN + N_OWN
# Columns of what is known of a muscle at one instant: of its unit, then of its fiber; behind them moment arms about all
# joints, derivatives of the lengthening velocity by all angles, those of the moment arms, and the derivatives of
# length, lengthening velocity and moment arms by the path's scale, which may be 0.
UNIT_LENGTH, UNIT_LENGTHENING, FIBER_NOW, FIBER_VELOCITY, COS_PENNATION, FORCE = range(6)
EQUILIBRIUM, ARMS = FORCE + WIDTH, FORCE + 2 * WIDTH
# Rows of what is known of the segments at one instant.
(
    ANGLE, SPEED, ACCELERATION, PHI, OMEGA, ALPHA, TORQUE, FIRST_MOMENT, SECOND_MOMENT, BEYOND, BY_FIRST, BY_SECOND,
    BY_SEGMENT_LENGTH,
) = range(13)  # fmt: skip
N_SEGMENT_ROWS = 13
BY_PHI, BY_OMEGA, BY_ALPHA = range(3)
# Scalars: load [kg], couple [N m], orientation [rad] or NaN, all activation; external inputs are the first of them.
LOAD, COUPLE, DIRECTION, ACTIVATION_SUM = range(4)
EXTERNAL = ("hand_load_kg", "external_torque_nm", "segment_orientation_rad")
STATE, RATE, OWN_STATE, OWN_RATE, PULL = range(5)  # of a tendon; behind, the pull on each coordinate by its state
