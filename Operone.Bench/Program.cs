using Operone.Bench.Inner;
using Operone.Bench.Scenarios;
using Operone.Bench.Simulation;

// The first three are what the scenarios start in processes of their own.
return args switch
{
    ["sim", .. var rest] => await SimulatorProgram.RunAsync(rest),
    ["hub", var url] => await BareHub.RunAsync(url),
    ["nothing"] => 0,
    ["inner", "--full"] => InnerBenchmarks.PrintInFull(),
    _ => await ScenarioRunner.RunAsync(args),
};
