import API
import Chain
import Cryptography
import Primitives
import Storage

extension NodeService {
  func lightBlock(_ height: Height?) async throws -> Answer.LightBlock {
    let last = parts.store.lastHeight ?? 0
    let height = height ?? last
    guard let block = try LightBlocks.block(at: height, in: parts.store) else {
      let lowest = max(parts.store.lowestHeight, 1)
      throw ServingError.notFound("this node has headers and validators of heights \(lowest) to \(last)")
    }
    return Answer.LightBlock(
      height: block.height,
      hash: block.identifier.description,
      time: block.header.time.text,
      block: Hex.encode(block.encoded)
    )
  }
}
