@main
struct Supercloud {
  static func main() {}
}
