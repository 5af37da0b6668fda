import Foundation
import Glibc

/// Makes files visible to the lease's user although they lie in folders that this user may not enter, such as
/// a volume in the node's home, which only the home's owner can enter.
///
/// Root does this before it switches to the lease's user: in a mount namespace of the replica's own, it binds
/// each such file or folder below a folder that everybody may enter. So no file mode on the machine must be
/// relaxed.
struct SandboxBindMounts {
  static let folder = "/run/supercloud"

  private let user: UInt32
  private var sources: [String] = []

  init(user: UInt32) {
    self.user = user
  }

  /// The path at which the lease's user finds `source`: `source` itself when the user can reach it or it does
  /// not exist.
  ///
  /// - Throws: `files` when the mode of `source` itself excludes the user.
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

  /// Returns the command that binds the files and then runs the arguments that follow it; empty when no file
  /// needs to be bound.
  ///
  /// - Throws: `files` when a file needs to be bound and `unshare` is nil.
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

  /// Binds "$2", "$3"… up to the argument `--` below the folder "$1", then runs the remaining arguments.
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

  /// Whether the mode lets `user`, who is in no group, read the file, or list and enter the folder.
  private static func mayRead(_ status: stat, _ user: UInt32) -> Bool {
    let isFolder = status.st_mode & S_IFMT == S_IFDIR
    let wanted: mode_t = isFolder ? 0o5 : 0o4
    let granted = status.st_uid == user ? status.st_mode >> 6 : status.st_mode
    return granted & wanted == wanted
  }

  /// Whether `user` may enter every folder above `path`, both as written and with symbolic links resolved.
  private static func mayPass(to path: String, _ user: UInt32) -> Bool {
    // A symbolic link lies in another folder than its target, so both the path as written and the resolved
    // path are checked.
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
