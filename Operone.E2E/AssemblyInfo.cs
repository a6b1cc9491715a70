// Each test has real processes of its own and measures nothing but order and bytes; two at once on two cores would only
// make each of them slow.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
