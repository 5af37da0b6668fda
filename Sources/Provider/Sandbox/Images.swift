import Foundation
import Glibc

/// A program that comes with the provider and can be used as an image.
public struct BuiltInProgram: Hashable, Sendable {
  public var path: String
  public var arguments: [String]
  /// The paths that the program needs to see; nil for its shared libraries and some files of `/etc`.
  public var readOnlyPaths: [String]?

  public init(path: String, arguments: [String], readOnlyPaths: [String]? = nil) {
    self.path = path
    self.arguments = arguments
    self.readOnlyPaths = readOnlyPaths
  }

  /// This executable, as the image `supercloud/hello`.
  public static func hello() -> BuiltInProgram? {
    var buffer = [CChar](repeating: 0, count: 4_096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    guard count > 0 else { return nil }
    var path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // The kernel appends this when the program's file was replaced while it ran.
    if path.hasSuffix(" (deleted)") { path.removeLast(10) }
    return BuiltInProgram(path: path, arguments: ["workload", "hello"])
  }
}

/// The root file system of a service, which is mounted read-only, and the program in it.
struct ImageRoot: Hashable, Sendable {
  /// The folder that becomes `/`; nil when only `readOnlyPaths` are visible.
  var folder: String?
  /// Paths of this machine that are visible at the same place, read-only.
  var readOnlyPaths: [String] = []
  var program: [String]
  var environment: [String] = []
}

/// Finds images by name: built-in programs, or folders and tarballs in the image folder. Nothing is
/// downloaded.
struct Images: Sendable {
  var folder: String
  /// Built-in programs by image name without tag.
  var builtIns: [String: BuiltInProgram]

  /// The image's name without tag and digest.
  static func name(of image: String) -> String {
    let undigested = image.split(separator: "@", maxSplits: 1).first.map(String.init) ?? image
    guard let colon = undigested.lastIndex(of: ":"), !undigested[colon...].contains("/") else {
      return undigested
    }
    return String(undigested[..<colon])
  }

  /// Names that an image may have in the folder: with its tag, then without; other characters than letters,
  /// digits, `.` and `_` become dashes.
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

  /// Finds the image of a service and the program to run.
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
      (command.isEmpty ? configuration.entrypoint ?? [] : command)
      + (service.arguments ?? (command.isEmpty ? configuration.cmd ?? [] : []))
    guard !program.isEmpty else {
      throw .unsupported(
        "\(service.image) says no program to run: give the service a command, or the image a config.json"
      )
    }
    return ImageRoot(folder: unpacked, program: program, environment: configuration.env ?? [])
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

  /// Unpacks an archive; the folder `path` appears when it is complete.
  private func unpack(_ archive: String, to path: String) async throws(WorkloadError) -> String {
    let partial = "\(path).partial-\(getpid())"
    do {
      try FileManager.default.createDirectory(atPath: partial + "/rootfs", withIntermediateDirectories: true)
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

  /// Paths that a built-in program needs to see: itself, its shared libraries, and files for network access.
  private func paths(_ program: BuiltInProgram, image: String) async throws(WorkloadError) -> [String] {
    guard access(program.path, X_OK) == 0 else {
      throw .imageMissing(image: image, reason: "\(program.path) cannot be run")
    }
    if let paths = program.readOnlyPaths { return paths }
    let common = ["/etc/ssl/certs", "/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/localtime"]
    return [program.path] + (try await Self.libraries(of: program.path)) + common
  }

  /// The files that the dynamic loader maps, as listed by `ldd`.
  static func libraries(of program: String) async throws(WorkloadError) -> [String] {
    let lister = Command(path: Command.find("ldd") ?? "/usr/bin/ldd", arguments: [program])
    let output: CommandOutput
    do {
      output = try await lister.run()
    } catch {
      throw .files("the shared libraries of \(program) could not be listed: \(error)")
    }
    // Lines are `name => /path (address)`, or `/path (address)` for the loader; a static program has none.
    return output.text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ").map { $0.trimmingCharacters(in: .whitespaces) }
      return words.first { $0.hasPrefix("/") }
    }
  }
}

/// The part of an image's configuration that is used here. It is in `config.json` beside the image's root
/// folder.
private struct ImageConfiguration: Decodable {
  var entrypoint: [String]?
  var cmd: [String]?
  var env: [String]?

  static func read(beside root: String) -> ImageConfiguration {
    let folder = root.hasSuffix("/rootfs") ? String(root.dropLast(7)) : root
    guard let data = FileManager.default.contents(atPath: folder + "/config.json") else {
      return ImageConfiguration()
    }
    return (try? JSONDecoder().decode(ImageConfiguration.self, from: data)) ?? ImageConfiguration()
  }
}
