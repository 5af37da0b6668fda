import Cryptography
import DequeModule
import Primitives

extension Dissemination {
  /// STOP and START entries for one neighbour each, gathered while routes are walked.
  struct Control {
    private(set) var stops: [Int: [OriginTag]] = [:]
    private(set) var starts: [Int: [OriginTag]] = [:]

    mutating func stop(_ slot: Int, _ tag: OriginTag) {
      stops[slot, default: []].append(tag)
    }

    mutating func start(_ slot: Int, _ tag: OriginTag) {
      starts[slot, default: []].append(tag)
    }
  }

  /// Names all origins that a neighbour has not been told about by name.
  static let sharedTag: OriginTag = 0

  mutating func send(_ control: Control, _ turn: inout Turn) {
    for (slot, tags) in control.stops.sorted(by: { $0.key < $1.key }) {
      guard let peer = links[slot]?.peer else { continue }
      counters.stopsSent += UInt64(tags.count)
      turn.effects.append(.stop(tags, peer))
    }
    for (slot, tags) in control.starts.sorted(by: { $0.key < $1.key }) {
      guard let peer = links[slot]?.peer else { continue }
      counters.startsSent += UInt64(tags.count)
      turn.effects.append(.start(tags, peer))
    }
  }

  /// Counts an accepted object of an origin, which may earn it a route of its own.
  mutating func countObject(of tag: OriginTag, _ turn: inout Turn) {
    if routes[tag] == nil { makeRoute(tag, at: turn.now) }
    routes[tag]?.usedAt = turn.now
    routes[tag]?.objects &+= 1
    guard var route = routes[tag], !route.isOwn, route.objects >= settings.routeAfter else { return }
    routes[tag] = nil
    route.isOwn = true
    var control = Control()
    // All neighbours push once more, so that the fastest for this origin can be told.
    for slot in links.indices where links[slot] != nil {
      route.start(slot)
      control.start(slot, tag)
    }
    routes[tag] = route
    send(control, &turn)
  }

  mutating func makeRoute(_ tag: OriginTag, at now: Instant) {
    if routes.count >= settings.routeLimit { forgetRoutes(at: now) }
    routes[tag] = Route(at: now)
  }

  /// Drops routes that nobody used for their lifetime; if that is not enough, the older half.
  private mutating func forgetRoutes(at now: Instant) {
    routes = routes.filter { now.since($0.value.usedAt) < settings.routeLifetime }
    guard routes.count >= settings.routeLimit else { return }
    let byAge = routes.map { (usedAt: $0.value.usedAt, tag: $0.key) }
      .sorted { ($0.usedAt, $0.tag) < ($1.usedAt, $1.tag) }
    for old in byAge.prefix(byAge.count / 2) { routes[old.tag] = nil }
  }

  /// Looks at objects whose copies have had time to arrive.
  mutating func evaluate(_ turn: inout Turn) {
    var control = Control()
    while let first = evaluations.first, first.at <= turn.now {
      evaluations.removeFirst()
      guard let arrival = recent.removeValue(forKey: first.value) else { continue }
      if var route = routes[arrival.tag], route.isOwn {
        routes[arrival.tag] = nil
        evaluate(arrival, arrival.tag, &route, wanted: settings.suppliers, at: turn.now, &control)
        routes[arrival.tag] = route
      } else {
        var route = shared
        shared = Route(at: turn.now)
        evaluate(arrival, Self.sharedTag, &route, wanted: settings.sharedSuppliers, at: turn.now, &control)
        route.objects &+= 1
        // Until then all neighbours push, newcomers too: their order is what is learnt from.
        route.isOwn = route.isOwn || route.objects >= settings.sharedRouteAfter
        shared = route
      }
    }
    send(control, &turn)
  }

  private mutating func evaluate(
    _ arrival: Arrival,
    _ tag: OriginTag,
    _ route: inout Route,
    wanted: Int,
    at now: Instant,
    _ control: inout Control
  ) {
    let wanted = lossWindow.isLossy ? wanted + 1 : wanted
    for slot in route.suppliers {
      route.record(delivered: arrival.order.contains(UInt8(slot)), by: slot)
    }
    for (slot, lateness) in zip(arrival.order, arrival.lateness) {
      route.record(lateness: lateness, of: Int(slot))
    }
    // An origin's first objects flood for the sake of the comparison.
    let samples = UInt32(settings.routeAfter + settings.routeSamples)
    guard tag == Self.sharedTag || route.objects >= samples else { return }
    stopExcess(arrival, tag, &route, wanted: wanted, at: now, &control)
    // A supplier that has nothing for us before we have it is none.
    for slot in route.suppliers where route.missed(slot) >= Route.deadAt && route.suppliers.count > wanted {
      route.stop(slot)
      control.stop(slot, tag)
    }
    if route.liveSuppliers.count < wanted, let slot = alternative(to: route, preferring: arrival.asked) {
      route.start(slot)
      control.start(slot, tag)
    }
  }

  /// Stops half of those that delivered beyond the number wanted, the slowest first.
  ///
  /// The last one kept is drawn by lot among the next fastest, not the fastest: being first for cheap objects must
  /// not be enough to become somebody's only suppliers.
  private mutating func stopExcess(
    _ arrival: Arrival,
    _ tag: OriginTag,
    _ route: inout Route,
    wanted: Int,
    at now: Instant,
    _ control: inout Control
  ) {
    let delivering = arrival.order.map(Int.init).filter { route.suppliers.contains($0) }
    let excess = delivering.count - wanted
    if excess > 0 {
      let bySpeed = delivering.sorted { (route.lateness($0), $0) < (route.lateness($1), $1) }
      var candidates = Array(bySpeed.dropFirst(wanted - 1))
      let stops = (excess + 1) / 2
      if stops == candidates.count - 1 {
        candidates.remove(at: Int(generator.next(below: UInt64(candidates.count))))
      } else {
        candidates.removeFirst(candidates.count - stops)
      }
      for slot in candidates {
        route.stop(slot)
        control.stop(slot, tag)
      }
      route.stoppedAt = now
    }
    // Who pushes although told to stop has not heard it: a frame was lost or the neighbour forgot.
    guard now.since(route.stoppedAt) >= .seconds(2) else { return }
    for slot in arrival.order.map(Int.init) where !route.suppliers.contains(slot) {
      control.stop(slot, tag)
      route.stoppedAt = now
    }
  }

  /// The link that delivered soonest among those that are no suppliers; one that answered a request before others.
  private mutating func alternative(to route: Route, preferring asked: SlotSet) -> Int? {
    var best: [Int] = []
    var bestLateness = Int.max
    for slot in links.indices where links[slot] != nil && !route.suppliers.contains(slot) {
      let lateness = asked.contains(slot) ? -1 : Int(route.lateness(slot))
      if lateness < bestLateness {
        best = [slot]
        bestLateness = lateness
      } else if lateness == bestLateness {
        best.append(slot)
      }
    }
    guard !best.isEmpty else { return nil }
    return best[Int(generator.next(below: UInt64(best.count)))]
  }

  /// Gives one neighbour that supplies little another chance for a random third of the origins.
  mutating func explore(_ turn: inout Turn) {
    exploreAt = turn.now + settings.exploreInterval
    let present = links.indices.filter { links[$0] != nil }
    guard !present.isEmpty else { return }
    let slot = present[Int(generator.next(below: UInt64(present.count)))]
    var control = Control()
    for tag in routes.keys.sorted() where routes[tag]?.isOwn == true {
      guard routes[tag]?.suppliers.contains(slot) == false, generator.next(below: 3) == 0 else { continue }
      routes[tag]?.start(slot)
      control.start(slot, tag)
    }
    if !shared.suppliers.contains(slot), generator.next(below: 3) == 0 {
      shared.start(slot)
      control.start(slot, Self.sharedTag)
    }
    send(control, &turn)
  }

  /// Replaces a lost supplier where too few are left.
  mutating func replaceSupplier(_ slot: Int, _ turn: inout Turn) {
    var control = Control()
    for tag in routes.keys.sorted() {
      guard var route = routes[tag] else { continue }
      routes[tag] = nil
      if replace(slot, in: &route, wanted: settings.suppliers),
        let next = alternative(to: route, preferring: SlotSet())
      {
        route.start(next)
        control.start(next, tag)
      }
      routes[tag] = route
    }
    var route = shared
    shared = Route(at: turn.now)
    if replace(slot, in: &route, wanted: settings.sharedSuppliers),
      let next = alternative(to: route, preferring: SlotSet())
    {
      route.start(next)
      control.start(next, Self.sharedTag)
    }
    shared = route
    send(control, &turn)
  }

  /// Whether the loss of `slot` leaves too few suppliers.
  private func replace(_ slot: Int, in route: inout Route, wanted: Int) -> Bool {
    let wasSupplier = route.suppliers.contains(slot)
    route.forget(slot)
    return route.isOwn && wasSupplier && route.liveSuppliers.count < wanted
  }
}
