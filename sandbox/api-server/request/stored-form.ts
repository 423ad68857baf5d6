/** Between a served version and the form the store keeps. */
import type { Stored } from '../json.ts'
import type { ResourceType } from '../resource-type.ts'

export const toStoredForm = (type: ResourceType, object: Stored): Stored =>
  type.convert === undefined ? object : type.convert.toStored(object)
