"""The same training with the LSTM layer of Keras in place of this project's."""

import keras

from seq2seq.models import recurrent
from workers import ours
from workers.protocol import serve

if __name__ == "__main__":
    recurrent.LSTM = keras.layers.LSTM  # where a stack of recurrent layers looks the class up
    serve(ours.start)
