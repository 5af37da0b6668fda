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
      guard (parts.store.lowestBlock...max(last, parts.store.lowestBlock)).contains(height) else {
        throw missing(block: height)
      }
      throw ServingError.notFound("the validators of height \(height) are not known here")
    }
    return Answer.LightBlock(
      height: block.height,
      hash: block.identifier.description,
      time: block.header.time.text,
      block: Hex.encode(block.encoded)
    )
  }
}
