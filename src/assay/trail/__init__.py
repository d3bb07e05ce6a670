"""The governance trail: the vocabulary of events, and questions answered from them; knows no file and no clock."""
