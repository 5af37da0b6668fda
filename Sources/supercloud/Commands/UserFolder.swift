import Foundation

/// The folder of whoever runs the program.
enum UserFolder {
  /// A place in it. As for a shell's `~`, the variable HOME goes before the system's list of accounts.
  static func path(_ place: String, environment: [String: String] = ProcessInfo.processInfo.environment)
    -> String
  {
    guard let home = environment["HOME"], home.hasPrefix("/") else {
      return FileManager.default.homeDirectoryForCurrentUser.appending(path: place).path
    }
    return URL(filePath: home).appending(path: place).path
  }
}
