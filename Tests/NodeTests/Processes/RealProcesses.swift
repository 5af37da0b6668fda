import Testing

/// Tests that start processes, one after the other: the machine may have two cores.
@Suite(.serialized) struct RealProcesses {}
