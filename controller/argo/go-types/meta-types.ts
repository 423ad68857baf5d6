/**
 * The shapes of object metadata and of references between objects, as `schema.ts` reads them. Facts of the Kubernetes API (k8s.io/api and
 * k8s.io/apimachinery, 0.29 to 0.36); no decisions.
 */
import type { GoTable } from './schema.ts'

export const metaTypes: GoTable = {
  PodTemplateSpec: 'metadata:ObjectMeta spec:PodSpec',
  ObjectMeta: `
    name generateName namespace selfLink uid resourceVersion generation:int creationTimestamp:time-29
    creationTimestamp:time~+34 deletionTimestamp:*time deletionGracePeriodSeconds:*int labels:{}string
    annotations:{}string ownerReferences:[]OwnerReference finalizers:[]string managedFields:[]ManagedFieldsEntry
  `,
  OwnerReference: 'apiVersion! kind! name! uid! controller:*bool blockOwnerDeletion:*bool',
  ManagedFieldsEntry: 'manager operation apiVersion time:*time fieldsType fieldsV1:*raw subresource',
  LabelSelector: 'matchLabels:{}string matchExpressions:[]LabelSelectorRequirement',
  LabelSelectorRequirement: 'key! operator! values:[]string',
  LocalObjectReference: 'name',
  TypedLocalObjectReference: 'apiGroup:*string! kind! name!',
  TypedObjectReference: 'apiGroup:*string! kind! name! namespace:*string',
}
