using FsCheck;
using FsCheck.Fluent;

namespace KvStore.Node.Tests.Locks;

/// <summary>Any order of acquiring, releasing, ends of leases, and of messages between a lock's home and two other groups that come late, twice or never.</summary>
public sealed class FencingModelTests
{
    private const int StepsMax = 250;

    [Fact]
    public void The_tables_do_what_a_simple_model_does_and_no_older_token_is_ever_accepted() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(100), Prop.ForAll(Gen.Choose(0, 255).ArrayOf(StepsMax).ToArbitrary(), steps =>
        {
            var model = new FencingModel();
            foreach (var step in steps) model.Do(step);
            model.Finish();
        }));
}
