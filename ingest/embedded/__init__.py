"""The parts of the embedded broker: amqtt's, with those replaced that store, answer, or check rights."""
