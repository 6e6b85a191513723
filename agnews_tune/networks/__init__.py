"""What learns: embedding, recurrent layers, pooling, linear layers; and a linear model."""
