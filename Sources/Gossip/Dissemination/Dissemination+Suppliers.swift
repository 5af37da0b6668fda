import Cryptography
import DequeModule
import Primitives

extension Dissemination {
  /// STOP and START entries that are to be sent, by neighbour.
  struct Control {
    private(set) var stops: [Int: [OriginTag]] = [:]
    private(set) var starts: [Int: [OriginTag]] = [:]

    mutating func stop(_ slot: Int, _ tag: OriginTag) { stops[slot, default: []].append(tag) }

    mutating func start(_ slot: Int, _ tag: OriginTag) { starts[slot, default: []].append(tag) }
  }

  /// In STOP and START, this tag stands for all origins that the sender has not named by their own tags.
  static let sharedTag: OriginTag = 0

  mutating func send(_ control: Control, _ turn: inout Turn) {
    for (peer, tags) in byPeer(control.stops) {
      counters.stopsSent += UInt64(tags.count)
      turn.effects.append(.stop(tags, peer))
    }
    for (peer, tags) in byPeer(control.starts) {
      counters.startsSent += UInt64(tags.count)
      turn.effects.append(.start(tags, peer))
    }
  }

  /// What is to be sent over the links, in their order, with the peers behind them.
  func byPeer<Item>(_ items: [Int: [Item]]) -> [(PeerID, [Item])] {
    items.sorted { $0.key < $1.key }.compactMap { slot, items in links[slot].map { ($0.peer, items) } }
  }

  /// Counts an accepted object of an origin. After `Settings.routeAfter` objects, suppliers are chosen for
  /// the origin.
  mutating func countObject(of tag: OriginTag, _ turn: inout Turn) {
    if routes[tag] == nil { makeRoute(tag, at: turn.now) }
    routes[tag]?.usedAt = turn.now
    routes[tag]?.objects &+= 1
    guard var route = routes[tag], !route.hasChosenSuppliers, route.objects >= settings.routeAfter else {
      return
    }
    routes[tag] = nil
    route.hasChosenSuppliers = true
    var control = Control()
    // All neighbours are asked to push once more, which shows who is fastest for this origin.
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

  /// Drops the routes that were not used for `Settings.routeLifetime`. If too many remain, drops the least
  /// recently used half.
  private mutating func forgetRoutes(at now: Instant) {
    routes = routes.filter { now.since($0.value.usedAt) < settings.routeLifetime }
    guard routes.count >= settings.routeLimit else { return }
    let byAge = routes.map { (usedAt: $0.value.usedAt, tag: $0.key) }
      .sorted { ($0.usedAt, $0.tag) < ($1.usedAt, $1.tag) }
    for old in byAge.prefix(byAge.count / 2) { routes[old.tag] = nil }
  }

  /// Updates the suppliers from the objects whose first copy came at least `Settings.settleTime` ago, since
  /// their other copies have arrived by now.
  mutating func evaluate(_ turn: inout Turn) {
    var control = Control()
    while let first = evaluations.first, first.at <= turn.now {
      evaluations.removeFirst()
      guard let arrival = recent.removeValue(forKey: first.value) else { continue }
      if var route = routes[arrival.tag], route.hasChosenSuppliers {
        routes[arrival.tag] = nil
        evaluate(arrival, arrival.tag, &route, wanted: settings.suppliers, at: turn.now, &control)
        routes[arrival.tag] = route
      } else {
        var route = shared
        shared = Route(at: turn.now)
        evaluate(arrival, Self.sharedTag, &route, wanted: settings.sharedSuppliers, at: turn.now, &control)
        route.objects &+= 1
        // Until suppliers are chosen, all neighbours push, and the order of their copies shows which are
        // fast.
        route.hasChosenSuppliers = route.hasChosenSuppliers || route.objects >= settings.sharedRouteAfter
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
    for slot in route.suppliers { route.record(delivered: arrival.order.contains(UInt8(slot)), by: slot) }
    for (slot, lateness) in zip(arrival.order, arrival.lateness) {
      route.record(lateness: lateness, of: Int(slot))
    }
    // All neighbours push an origin's first objects, so that their speed can be compared.
    let samples = UInt32(settings.routeAfter + settings.routeSamples)
    guard tag == Self.sharedTag || route.objects >= samples else { return }
    stopExcess(arrival, tag, &route, wanted: wanted, at: now, &control)
    // Stops suppliers that missed nearly all of the last objects.
    for slot in route.suppliers where route.missed(slot) >= Route.deadAt && route.suppliers.count > wanted {
      route.stop(slot)
      control.stop(slot, tag)
    }
    if route.liveSuppliers.count < wanted, let slot = alternative(to: route, preferring: arrival.asked) {
      route.start(slot)
      control.start(slot, tag)
    }
  }

  /// If more suppliers delivered the object than `wanted`, stops half of the excess, the slowest first.
  ///
  /// If only `wanted` suppliers remain, the last of them is drawn at random from all but the fastest `wanted`
  /// − 1. Otherwise a fast attacker could become all the suppliers of a node.
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
        candidates.remove(at: generator.index(below: candidates.count))
      } else {
        candidates.removeFirst(candidates.count - stops)
      }
      for slot in candidates {
        route.stop(slot)
        control.stop(slot, tag)
      }
      route.stoppedAt = now
    }
    // A neighbour that still pushes has not received the STOP or has forgotten it. STOP is sent again, at
    // most every two seconds.
    guard now.since(route.stoppedAt) >= .seconds(2) else { return }
    for slot in arrival.order.map(Int.init) where !route.suppliers.contains(slot) {
      control.stop(slot, tag)
      route.stoppedAt = now
    }
  }

  /// The link to make a supplier next. Among the links that are not suppliers, one that delivered this object
  /// on request is preferred, then the fastest. Ties are broken at random.
  private mutating func alternative(to route: Route, preferring asked: SlotSet) -> Int? {
    func lateness(_ slot: Int) -> Int { asked.contains(slot) ? -1 : Int(route.lateness(slot)) }
    let others = links.indices.filter { links[$0] != nil && !route.suppliers.contains($0) }
    let best = others.map(lateness).min()
    return generator.sample(1, of: others.filter { lateness($0) == best }).first
  }

  /// Draws one neighbour at random and makes it a supplier of a third of the origins that it does not supply.
  /// It stays a supplier if it is fast.
  mutating func explore(_ turn: inout Turn) {
    exploreAt = turn.now + settings.exploreInterval
    let present = links.indices.filter { links[$0] != nil }
    guard !present.isEmpty else { return }
    let slot = present[generator.index(below: present.count)]
    var control = Control()
    for tag in routes.keys.sorted() where routes[tag]?.hasChosenSuppliers == true {
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

  /// Removes a lost neighbour from all routes, and chooses another supplier where too few are left.
  mutating func replaceSupplier(_ slot: Int, _ turn: inout Turn) {
    var control = Control()
    for tag in routes.keys.sorted() {
      guard var route = routes[tag] else { continue }
      routes[tag] = nil
      replace(slot, in: &route, tag, wanted: settings.suppliers, &control)
      routes[tag] = route
    }
    var route = shared
    shared = Route(at: turn.now)
    replace(slot, in: &route, Self.sharedTag, wanted: settings.sharedSuppliers, &control)
    shared = route
    send(control, &turn)
  }

  private mutating func replace(
    _ slot: Int,
    in route: inout Route,
    _ tag: OriginTag,
    wanted: Int,
    _ control: inout Control
  ) {
    let wasSupplier = route.suppliers.contains(slot)
    route.forget(slot)
    guard route.hasChosenSuppliers, wasSupplier, route.liveSuppliers.count < wanted,
      let next = alternative(to: route, preferring: [])
    else { return }
    route.start(next)
    control.start(next, tag)
  }
}
