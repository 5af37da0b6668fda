import Foundation
import Glibc

/// A program that comes with the provider and is run as an image.
public struct BuiltInProgram: Hashable, Sendable {
  public var path: String
  public var arguments: [String]
  /// What the program needs to be seen of this machine; nil for its shared libraries.
  public var readOnlyPaths: [String]?

  public init(path: String, arguments: [String], readOnlyPaths: [String]? = nil) {
    self.path = path
    self.arguments = arguments
    self.readOnlyPaths = readOnlyPaths
  }

  /// The running executable as `supercloud/hello`.
  public static func hello() -> BuiltInProgram? {
    var buffer = [CChar](repeating: 0, count: 4_096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    guard count > 0 else { return nil }
    var path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // The kernel says so of a program whose file was replaced while it ran.
    if path.hasSuffix(" (deleted)") { path.removeLast(10) }
    return BuiltInProgram(path: path, arguments: ["workload", "hello"])
  }
}

/// What a service runs in: a root to be mounted read-only, and a program in it.
struct ImageRoot: Hashable, Sendable {
  /// A folder that becomes `/`; nil when the paths below are all there is.
  var folder: String?
  /// Seen at the same place, read-only.
  var readOnlyPaths: [String] = []
  var program: [String]
  var environment: [String] = []
}

/// Finds images by name: built in, or as a folder or tarball in the image folder. Nothing is ever fetched.
struct Images: Sendable {
  var folder: String
  /// By name without tag.
  var builtIns: [String: BuiltInProgram]

  /// `name:tag@digest` without tag and digest.
  static func name(of image: String) -> String {
    let undigested = image.split(separator: "@", maxSplits: 1).first.map(String.init) ?? image
    guard let colon = undigested.lastIndex(of: ":"), !undigested[colon...].contains("/") else {
      return undigested
    }
    return String(undigested[..<colon])
  }

  /// Names under which an image may lie in the folder: with its tag, then without; slashes are dashes.
  static func fileNames(of image: String) -> [String] {
    [image, name(of: image)].map { name in
      String(
        name.map { character in
          character.isASCII && (character.isLetter || character.isNumber || "._".contains(character))
            ? character : "-"
        }
      )
    }.filter { !$0.isEmpty && !$0.hasPrefix(".") }
  }

  /// The root and program of a service's image.
  func root(for service: ServicePlan) async throws(WorkloadError) -> ImageRoot {
    if let program = builtIns[Self.name(of: service.image)] {
      guard service.command == nil || service.command == [] else {
        throw .unsupported("\(service.image) is built in and takes args but no command")
      }
      return ImageRoot(
        readOnlyPaths: try await paths(program, image: service.image),
        program: [program.path] + program.arguments + (service.arguments ?? [])
      )
    }
    let unpacked = try await find(service.image)
    let configuration = ImageConfiguration.read(beside: unpacked)
    let command = service.command ?? []
    let program =
      (command.isEmpty ? configuration.entrypoint : command)
      + (service.arguments ?? (command.isEmpty ? configuration.cmd : []))
    guard !program.isEmpty else {
      throw .unsupported(
        "\(service.image) says no program to run: give the service a command, or the image a config.json"
      )
    }
    return ImageRoot(folder: unpacked, program: program, environment: configuration.env)
  }

  private func find(_ image: String) async throws(WorkloadError) -> String {
    guard !folder.isEmpty else {
      throw .imageMissing(
        image: image,
        reason: "this driver does not pull, and no image folder is configured"
      )
    }
    for name in Self.fileNames(of: image) {
      let path = "\(folder)/\(name)"
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
        let root = "\(path)/rootfs"
        return FileManager.default.fileExists(atPath: root) ? root : path
      }
      for suffix in [".tar", ".tar.gz", ".tgz"]
      where FileManager.default.fileExists(atPath: path + suffix) {
        return try await unpack(path + suffix, to: path)
      }
    }
    throw .imageMissing(
      image: image,
      reason: "this driver does not pull; put its root there as a folder or tarball named "
        + Self.fileNames(of: image).joined(separator: " or ") + " in \(folder)"
    )
  }

  /// Unpacks into a folder that appears only when it is complete.
  private func unpack(_ archive: String, to path: String) async throws(WorkloadError) -> String {
    let partial = "\(path).partial-\(getpid())"
    do {
      try FileManager.default.createDirectory(
        atPath: partial + "/rootfs",
        withIntermediateDirectories: true
      )
      let tar = Command(
        path: Command.find("tar") ?? "/bin/tar",
        arguments: ["-C", partial + "/rootfs", "-xf", archive]
      )
      let output = try await tar.run(timeout: .seconds(600))
      guard output.status == 0 else {
        try? FileManager.default.removeItem(atPath: partial)
        throw WorkloadError.files("\(archive) could not be unpacked: \(output.errors.prefix(200))")
      }
      try FileManager.default.moveItem(atPath: partial, toPath: path)
      return path + "/rootfs"
    } catch {
      throw (error as? WorkloadError) ?? .files("\(archive) could not be unpacked: \(error)")
    }
  }

  /// What a built-in program needs to be seen: itself, its shared libraries, certificates.
  private func paths(_ program: BuiltInProgram, image: String) async throws(WorkloadError) -> [String] {
    guard access(program.path, X_OK) == 0 else {
      throw .imageMissing(image: image, reason: "\(program.path) cannot be run")
    }
    if let paths = program.readOnlyPaths { return paths }
    let common = ["/etc/ssl/certs", "/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/localtime"]
    return [program.path] + (try await Self.libraries(of: program.path)) + common
  }

  /// Every file that the loader maps, by the name it looks for.
  static func libraries(of program: String) async throws(WorkloadError) -> [String] {
    let lister = Command(path: Command.find("ldd") ?? "/usr/bin/ldd", arguments: [program])
    let output: CommandOutput
    do {
      output = try await lister.run()
    } catch {
      throw .files("the shared libraries of \(program) could not be listed: \(error)")
    }
    // `name => /path (address)`, or `/path (address)` for the loader; a static program has none.
    return output.text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ").map { $0.trimmingCharacters(in: .whitespaces) }
      return words.first { $0.hasPrefix("/") }
    }
  }
}

/// The few fields of an image's configuration that matter here: `config.json` beside its root.
private struct ImageConfiguration: Codable {
  var entrypoint: [String] = []
  var cmd: [String] = []
  var env: [String] = []

  init() {}

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    entrypoint = try container.decodeIfPresent([String].self, forKey: .entrypoint) ?? []
    cmd = try container.decodeIfPresent([String].self, forKey: .cmd) ?? []
    env = try container.decodeIfPresent([String].self, forKey: .env) ?? []
  }

  static func read(beside root: String) -> ImageConfiguration {
    let folder = root.hasSuffix("/rootfs") ? String(root.dropLast(7)) : root
    guard let data = FileManager.default.contents(atPath: folder + "/config.json") else {
      return ImageConfiguration()
    }
    return (try? JSONDecoder().decode(ImageConfiguration.self, from: data)) ?? ImageConfiguration()
  }
}
