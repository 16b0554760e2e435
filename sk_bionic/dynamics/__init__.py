"""The equation of motion in time: simulation, fusion with measured angles, sensitivities, torques."""
