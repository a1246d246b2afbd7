using KvStore.Simulation.CommandLine;

return SimulateCommand.Run(args, Console.Out, Console.Error);
