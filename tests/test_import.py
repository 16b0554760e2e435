"""What is imported when: torch and skorch serve networks, and come with the first that is trained or read."""

import subprocess
import sys

SIMULATION = """
import sys
import warnings
import sk_bionic
from sk_bionic.datasets import make_elbow_flexion

warnings.simplefilter("ignore")
flexion = make_elbow_flexion(1, duration=2.0, sampling_rate=50, random_state=0)
regressor = sk_bionic.PhysicsInformedMSKRegressor("elbow", prediction="simulation").fit(flexion.data, flexion.target)
regressor.predict(flexion.data, return_std=True)
regressor.predict_muscle_forces(flexion.data)
print(sorted({"torch", "skorch"} & set(sys.modules)))
print(callable(sk_bionic.load), "save" in dir(sk_bionic), "torch" in sys.modules)
"""


def test_a_simulation_needs_no_network_library():
    done = subprocess.run([sys.executable, "-c", SIMULATION], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.splitlines() == ["[]", "True True True"]
