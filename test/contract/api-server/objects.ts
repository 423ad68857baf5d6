/** Manifests that the conformance cases write. */
import type { JsonObject } from '../../../sandbox/api-server/json.ts'

export const configMap = (
  name: string,
  data: Readonly<Record<string, string>> = {},
  metadata: JsonObject = {},
): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
})

export const podSpec = (image = 'example.test/web:1'): JsonObject => ({ containers: [{ name: 'web', image }] })

/** A PodTemplate has a whole pod template and no controller that changes it meanwhile. */
export const podTemplate = (name: string, spec: JsonObject = podSpec()): JsonObject => ({
  apiVersion: 'v1',
  kind: 'PodTemplate',
  metadata: { name },
  template: { metadata: { labels: { app: name } }, spec },
})

export const pod = (name: string, extra: JsonObject = {}, labels: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels },
  spec: { ...podSpec(), automountServiceAccountToken: false, ...extra },
})

/** Paused and without replicas, so that no controller makes pods of it. */
export const deployment = (name: string, spec: JsonObject = {}): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 0,
    paused: true,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: podSpec() },
    ...spec,
  },
})

export const service = (name: string, spec: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec },
})

const group = 'conformance.penstock.dev'
export const widgetVersion = `${group}/v1`

const widgetSchema: JsonObject = {
  openAPIV3Schema: {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        required: ['size'],
        properties: {
          size: { 'x-kubernetes-int-or-string': true },
          replicas: { type: 'integer', minimum: 0, maximum: 10, default: 1 },
          color: { type: 'string', enum: ['red', 'green'] },
          code: { type: 'string', pattern: '^[a-z]+$', maxLength: 5, minLength: 2 },
          note: { type: 'string', nullable: true },
          ports: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['name'],
            maxItems: 3,
            items: {
              type: 'object',
              required: ['name'],
              properties: {
                name: { type: 'string' },
                port: { type: 'integer', default: 80 },
                note: { type: 'string' },
              },
            },
          },
          tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
          order: { type: 'array', items: { type: 'string' } },
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          options: { type: 'object', additionalProperties: { type: 'string' } },
          whole: {
            type: 'object',
            'x-kubernetes-map-type': 'atomic',
            properties: { a: { type: 'string' }, b: { type: 'string' } },
          },
        },
      },
      status: {
        type: 'object',
        properties: {
          replicas: { type: 'integer' },
          selector: { type: 'string' },
          phase: { type: 'string' },
          conditions: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['type'],
            items: {
              type: 'object',
              required: ['type'],
              properties: { type: { type: 'string' }, status: { type: 'string' } },
            },
          },
        },
      },
    },
  },
}

/** Namespaced, two versions, status and scale, printer columns. */
export const widgetCrd: JsonObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wd'], categories: ['conformance'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: widgetSchema,
        subresources: {
          status: {},
          scale: {
            specReplicasPath: '.spec.replicas',
            statusReplicasPath: '.status.replicas',
            labelSelectorPath: '.status.selector',
          },
        },
        additionalPrinterColumns: [
          { name: 'Color', type: 'string', jsonPath: '.spec.color' },
          { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
          { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
      },
      {
        name: 'v1beta1',
        served: true,
        storage: false,
        schema: widgetSchema,
        subresources: { status: {} },
      },
    ],
  },
}

const fixed: JsonObject = {
  type: 'string',
  maxLength: 20,
  'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed never changes' }],
}

/** Cluster-scoped, without subresources, open but for one field that cannot change. */
export const gadgetCrd: JsonObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `gadgets.${group}` },
  spec: {
    group,
    scope: 'Cluster',
    names: { plural: 'gadgets', kind: 'Gadget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            'x-kubernetes-preserve-unknown-fields': true,
            properties: {
              spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { fixed } },
            },
          },
        },
      },
    ],
  },
}

export const widget = (name: string, spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: widgetVersion,
  kind: 'Widget',
  metadata: { name, ...metadata },
  spec: { size: 1, ...spec },
})

export const gadgets = `/apis/${widgetVersion}/gadgets`

export const gadget = (name: string, spec: JsonObject = {}): JsonObject => ({
  apiVersion: widgetVersion,
  kind: 'Gadget',
  metadata: { name },
  spec,
})
