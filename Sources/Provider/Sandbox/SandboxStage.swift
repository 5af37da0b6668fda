import Foundation
import Glibc

/// Shows the lease's user what lies where it may not go, such as a volume in the node's home, which lets
/// only its owner pass.
///
/// Root binds each such file or folder below one that everybody may pass, in a mount namespace of the
/// replica's own, before it becomes the lease's user. So nothing on the machine is opened for anybody else.
struct SandboxStage {
  static let folder = "/run/supercloud"

  private let user: UInt32
  private var sources: [String] = []

  init(user: UInt32) {
    self.user = user
  }

  /// Where the lease's user finds `source`; itself when it may go there, or nothing is there.
  ///
  /// - Throws: `files` when the mode of `source` itself keeps the user out.
  mutating func path(of source: String) throws(WorkloadError) -> String {
    var status = stat()
    guard stat(source, &status) == 0 else { return source }
    guard Self.mayRead(status, user) else {
      let mode = String(status.st_mode & 0o7777, radix: 8)
      throw .files("\(source) (mode \(mode)) cannot be read by the lease's user \(user): chmod o+rX it")
    }
    if Self.mayPass(to: source, user) { return source }
    sources.append(source)
    return "\(Self.folder)/\(sources.count - 1)"
  }

  /// The start of a command line that the rest is put behind; empty when nothing needs it.
  ///
  /// - Throws: `files` when something needs it and `unshare` is nil.
  func command(_ unshare: String?) throws(WorkloadError) -> [String] {
    guard let first = sources.first else { return [] }
    guard let unshare else {
      throw .files(
        "\(first) lies in a folder that the lease's user \(user) may not pass, and no mount namespace can be "
          + "made here: give every folder above it the mode o+x, or move the node's home"
      )
    }
    return Self.command(unshare, sources)
  }

  static func command(_ unshare: String, _ sources: [String]) -> [String] {
    [unshare, "--mount", "--", "/bin/sh", "-c", script, "supercloud-stage", folder] + sources + ["--"]
  }

  /// Binds "$2", "$3"… to the end `--` below the folder "$1", then runs the rest.
  private static let script = """
    place=$1
    shift
    mkdir -p "$place" && mount -n -t tmpfs -o mode=0711,size=1m supercloud "$place" || exit 122
    number=0
    while [ "$1" != -- ]; do
      if [ -d "$1" ]; then mkdir "$place/$number"; else : > "$place/$number"; fi
      mount -n --rbind "$1" "$place/$number" || exit 122
      number=$((number + 1))
      shift
    done
    shift
    exec "$@"
    """

  /// Whether the mode lets `user`, who is in no group, read the file, or read and pass the folder.
  private static func mayRead(_ status: stat, _ user: UInt32) -> Bool {
    let isFolder = status.st_mode & S_IFMT == S_IFDIR
    let wanted: mode_t = isFolder ? 0o5 : 0o4
    let granted = status.st_uid == user ? status.st_mode >> 6 : status.st_mode
    return granted & wanted == wanted
  }

  /// Whether every folder above `path`, its links resolved, lets `user` pass.
  private static func mayPass(to path: String, _ user: UInt32) -> Bool {
    // Links on the way lie in folders of their own, so the path as written must be passable too.
    let resolved = realpath(path, nil)
    defer { free(resolved) }
    guard let resolved else { return false }
    return [path, String(cString: resolved)].allSatisfy { path in
      var folder = ""
      return path.split(separator: "/").dropLast().allSatisfy { name in
        folder += "/\(name)"
        var status = stat()
        guard stat(folder, &status) == 0 else { return false }
        return (status.st_uid == user ? status.st_mode >> 6 : status.st_mode) & 0o1 != 0
      }
    }
  }
}
