"""What a fit leaves behind and how it predicts: simulation, network, hybrid; sessions; doubts about new inputs."""
