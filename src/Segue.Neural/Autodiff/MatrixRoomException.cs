namespace Segue.Neural.Autodiff;

/// <summary>A matrix is larger than one array, or than the memory of the machine; the message gives its size.</summary>
public sealed class MatrixRoomException(string message) : ArgumentException(message);
