using System.Globalization;

namespace KvStore.Raft.Tests;

/// <summary>etcd's vectors for configuration changes.</summary>
public sealed class ConfigurationVectorTests
{
    [Theory]
    [InlineData("joint_autoleave")]
    [InlineData("joint_idempotency")]
    [InlineData("joint_learners_next")]
    [InlineData("simple_idempotency")]
    [InlineData("simple_safety")]
    [InlineData("update")]
    [InlineData("zero")]
    public void Changes(string file)
    {
        var current = Configuration.Empty;
        foreach (var test in VectorFile.Read($"confchange/{file}.txt"))
        {
            var steps = test.Input.Skip(1).SelectMany(l => l.Split(' ')).Select(Step).OfType<ConfigurationChange.Step>().ToList();
            var (next, reason) = Apply(current, test, steps);
            Assert.True(test.Expected[0] == (reason ?? next!.ToString()), $"{test.Where}: {reason ?? next!.ToString()}");
            if (reason is null) current = next!;
        }
    }

    private static (Configuration? Next, string? Reason) Apply(Configuration current, VectorFile.Case test, List<ConfigurationChange.Step> steps)
    {
        if (test.Command == "simple")
        {
            var refusal = ConfigurationArithmetic.Simple(current, new ConfigurationChange(steps), out var simple);
            return (simple, refusal);
        }
        var transition = test.Command == "leave-joint" ? ConfigurationTransition.LeaveJoint
            : test.Input[0].Contains("autoleave=true", StringComparison.Ordinal) ? ConfigurationTransition.JointImplicit : ConfigurationTransition.JointExplicit;
        current.TryApply(new ConfigurationChange(steps, transition), out var next, out var reason);
        return (next, reason);
    }

    /// <summary>v1 voter, l1 learner, r1 removed, u1 an update of what the algorithm does not know.</summary>
    private static ConfigurationChange.Step? Step(string word)
    {
        var replica = new ReplicaId(ulong.Parse(word[1..], CultureInfo.InvariantCulture));
        return word[0] switch
        {
            'v' => new(ConfigurationChange.StepKind.AddVoter, replica),
            'l' => new(ConfigurationChange.StepKind.AddLearner, replica),
            'r' => new(ConfigurationChange.StepKind.Remove, replica),
            'u' => null,
            _ => throw new FormatException($"unknown step {word}"),
        };
    }
}
