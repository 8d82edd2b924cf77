"""Store the weights of the runs that chapters ask, trained before or now, beside their results.

Usage: python tools/store_weights.py
"""

from wslbook.experiments import Run
from wslbook.experiments.build import load_data
from wslbook.experiments.weights import store_weights

ASKED = (Run("faces", "cpu", "mopoe", seed=0),)  # chapter 13

if __name__ == "__main__":
    for run in ASKED:
        print(store_weights(run, load_data(run, "train")))
