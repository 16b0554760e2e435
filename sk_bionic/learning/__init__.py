"""Networks and trees on the recent EMG: their features, their loss, their training, the ensemble."""
