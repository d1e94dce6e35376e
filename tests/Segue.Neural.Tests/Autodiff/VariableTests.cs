using Segue.Neural.Autodiff;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed class VariableTests
{
    [Fact]
    public void Values_of_inputs_are_copies()
    {
        float[] values = [1f, 2f];
        Variable x = new Tape().Input(values, 2, 1);
        values[0] = 9f;
        Assert.Equal([1f, 2f], x.Value.ToArray());
        Assert.Equal((2, 1, 2), (x.Rows, x.Columns, x.Count));
    }

    [Fact]
    public void Only_one_value_is_a_scalar()
    {
        var tape = new Tape();
        Assert.Equal(3f, tape.Constant([3f], 1, 1).Scalar);
        Assert.Contains("2 × 3", Assert.Throws<InvalidOperationException>(() => tape.Constant(new float[6], 2, 3).Scalar).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => tape.Constant([], 0, 1).Scalar);
    }

    [Fact]
    public void A_gradient_is_there_only_after_backward_on_a_loss_that_depends_on_it()
    {
        var tape = new Tape();
        Variable x = tape.Input([1f], 1, 1), bystander = tape.Input(new float[6], 2, 3);
        Assert.Throws<InvalidOperationException>(() => { _ = x.Gradient; });
        tape.Backward(x.Square());
        Assert.Equal([2f], x.Gradient.ToArray());
        Assert.Contains("2 × 3", Assert.Throws<InvalidOperationException>(() => { _ = bystander.Gradient; }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_result_needs_a_gradient_where_one_of_its_inputs_does()
    {
        var tape = new Tape();
        Variable constant = tape.Constant([1f], 1, 1), input = tape.Input([2f], 1, 1);
        Assert.False(constant.Add(constant).NeedsGradient);
        Assert.True(constant.Add(input).NeedsGradient);
        Assert.True(input.Affine(constant, constant).NeedsGradient);
        Assert.True(constant.Affine(constant, input).NeedsGradient);
    }
}
